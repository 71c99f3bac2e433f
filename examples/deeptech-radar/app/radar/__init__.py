"""DeepTech Radar: papers, the repositories that implement them, and what is worth a look."""
