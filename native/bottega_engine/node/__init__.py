"""What the engine is on one node: a keeper that owns a zygote and the processes of runs."""
