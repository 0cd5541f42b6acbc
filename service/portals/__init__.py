"""The pages people see: server-rendered, in Chinese and English, complete without JavaScript."""
