"""SQL of roll-outs, and of each lock's update in one."""
