"""Who lives where and since when, how many, and who asked about it for which purpose."""
