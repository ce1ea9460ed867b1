"""Zone of Proximal Policy Optimization: RL for small models, with a teacher inside the prompt."""
