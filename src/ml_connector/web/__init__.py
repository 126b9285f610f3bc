"""The web door: webhooks come in, people look, and connect. It calls actions and nothing else."""
