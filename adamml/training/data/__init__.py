"""What training learns from: photographs and sounds by class, clips in manifests, and clips composed from both."""
