"""What a converted model must show before it is published."""
