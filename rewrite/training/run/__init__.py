"""What every training run shares: its folder, its task, what is watched and kept."""
