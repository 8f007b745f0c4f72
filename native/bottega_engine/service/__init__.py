"""The engine's service on the head of a cluster: takes runs, keeps their event logs, answers the agent."""
