"""The demo in parts: the stage (who takes part), the report (what is said), one file a step."""
