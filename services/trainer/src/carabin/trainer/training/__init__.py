"""The training itself, on Seq2SeqTrainer."""
