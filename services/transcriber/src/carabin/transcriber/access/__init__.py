"""Who may speak, from where and how much; and the record of it."""
