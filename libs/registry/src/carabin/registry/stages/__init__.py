"""Which version serves: promotions, stages, their logs and how they are resolved and watched."""
