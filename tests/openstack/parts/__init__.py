"""The parts of the rig; each file has one subject. Standard library only: this runs before the environment exists."""
