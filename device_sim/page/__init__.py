"""The page for people who try the simulated locks by hand. On this machine only; nothing that is shown or typed is kept."""
