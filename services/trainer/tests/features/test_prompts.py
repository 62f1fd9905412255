"""Which words a training example's prompt holds."""

import numpy as np
from carabin.trainer.features.prompts import MAX_WORDS, PromptWords

SENTENCES = [
    f"Le patient prend du médicament{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10]} le matin." for n in range(100)
]
SAID = "médicamentak"


def prompts() -> list[tuple[str, ...]]:
    words = PromptWords(SENTENCES)
    return [words.draw(SENTENCES[0], np.random.default_rng(seed)) for seed in range(200)]


def test_half_of_the_prompts_hold_a_spoken_word_and_most_words_are_not_spoken() -> None:
    drawn = prompts()
    assert 70 < sum(SAID in prompt for prompt in drawn) < 130
    assert all(len(prompt) <= MAX_WORDS and len(set(prompt)) == len(prompt) for prompt in drawn)
    words = [word for prompt in drawn for word in prompt]
    assert words.count(SAID) < 0.3 * len(words)


def test_words_that_many_sentences_have_are_in_no_prompt() -> None:
    assert not {"patient", "prend", "matin"} & {word for prompt in prompts() for word in prompt}


def test_sentences_without_rare_words_have_no_prompt() -> None:
    assert PromptWords(["le le", "la la"]).draw("le le", np.random.default_rng(0)) == ()
