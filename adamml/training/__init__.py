"""Training: data sources, augmentation and the recipe behind the shipped model."""
