"""After the last step: the best weights chosen, averaged, evaluated and described."""
