"""Words that a language model continues, encoded by its vocabulary."""

import numpy as np

from train.systems.system import System


def continues(system: System) -> bool:
    """Whether it continues tokens."""
    return "continuation" in system.gives


def continued(
    system: System,
    prompt: str,
    seed: int,
    length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> str:
    """Draws the characters behind a prompt.

    Args:
      system: one that `continues`.
      prompt: in characters of its vocabulary.
      seed: another one draws others.
      length: characters to draw.
      temperature: divides the logits: the lower, the more probable what is drawn; above 0.
      top_k: characters are drawn among so many most probable ones; none for all.

    Raises:
      ValueError: an empty prompt, or characters that the vocabulary lacks.
    """
    vocabulary = system.assets["vocabulary"]
    foreign = sorted(set(prompt) - set(vocabulary))
    if foreign or not prompt:
        lacks = f"{''.join(foreign)!r}" if foreign else "no character"
        raise ValueError(f"--prompt: got {lacks}, {system.weights} knows {vocabulary!r}")
    tokens = np.array([[vocabulary.index(character) for character in prompt]], np.int32)
    options = {"length": length, "temperature": float(temperature)}
    if top_k is not None:
        options["top_k"] = top_k
    inputs = {"tokens": tokens, "seed": np.array([seed], np.uint32)}
    (drawn,) = np.asarray(system.apply(inputs, **options)["continuation"])
    # A network may have room for more tokens than the text has characters.
    return "".join(vocabulary[token] if token < len(vocabulary) else "\ufffd" for token in drawn)
