"""The real page in headless Chromium, on a miniature of the model, used as visitors would."""
