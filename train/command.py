"""What the command lines share: one clear line for a user's mistake, processes, compile cache."""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from absl import flags, logging
from ml_collections import config_flags


def parse_flags(arguments: list[str]) -> list[str]:
    """Parses flags; an unknown one, or an unknown config key, ends with one line and exit 2."""
    _check_config_file(arguments)
    try:
        return flags.FLAGS(arguments)
    except (flags.Error, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        _fail(_without_traceback(_config_key(error, arguments)))
    except SyntaxError as error:
        _fail(f"{error.filename}:{error.lineno}: {error.msg}")


def reports(main: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """Wraps a main function: a user's mistake is one line, not a traceback."""

    def wrapped(arguments: list[str]) -> None:
        from train.engine.loop import Diverged, Stopped

        cache_compilations()
        # Orbax tells the story of every save, warns of every folder opened for reading, and logs
        # with their tracebacks the errors that it also raises.
        logging.set_verbosity(
            logging.ERROR if os.environ.get("IMAGING_TRACEBACK") else logging.FATAL
        )
        try:
            main(arguments)
        except Stopped as stopped:
            print(stopped)
        except (ValueError, MemoryError, Diverged, OSError) as error:
            if os.environ.get("IMAGING_TRACEBACK"):
                raise
            _fail(_as_flag(str(error) or repr(error), arguments=sys.argv))

    return wrapped


def define_config() -> flags.FlagHolder:
    """Defines `--config`; any key that its sections take may be given, in the file or not."""
    # Building the config refuses what they don't take, by name, before anything compiles.
    return config_flags.DEFINE_config_file(
        "config",
        None,
        "A file of configs/, :variant behind it.",
        lock_config=False,
        accept_new_attributes=True,
    )


def refuse_flags(holders: Iterable[flags.FlagHolder], why: str) -> None:
    """Raises a ValueError where one of these flags was given, which means nothing here."""
    for holder in holders:
        if holder.value != holder.default:
            raise ValueError(f"--{holder.name}: {why}")


def default_workdir(config_path: str) -> Path:
    """configs/super_resolution/edsr.py:tiny -> runs/edsr_tiny."""
    file, _, variant = config_path.partition(":")
    return Path("runs") / "_".join(filter(None, [Path(file).stem, variant.replace("/", "_")]))


def cache_compilations() -> None:
    """Keeps compiled programs between runs, where the environment doesn't say otherwise."""
    import jax

    if not jax.config.jax_compilation_cache_dir:
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        jax.config.update("jax_compilation_cache_dir", str(cache / "imaging_jax" / "xla"))
    # JAX leaves out what compiles in less than a second: most of a set of images of many sizes.
    for option in ("min_compile_time_secs", "min_entry_size_bytes"):
        name = f"jax_persistent_cache_{option}"
        if name.upper() not in os.environ:
            jax.config.update(name, 0)


def join_processes(coordinator: str, processes: int | None, process: int | None) -> None:
    """Joins `jax.distributed`; the rest of the program then sees every device."""
    import jax

    if coordinator == "auto":
        jax.distributed.initialize()
    else:
        jax.distributed.initialize(coordinator, processes, process)


def _check_config_file(arguments: list[str]) -> None:
    for argument in arguments[1:]:
        if argument.startswith("--config="):
            file = argument.removeprefix("--config=").partition(":")[0]
            if not Path(file).is_file():
                known = [str(path) for path in Path("configs").rglob("*.py")]
                close = difflib.get_close_matches(file, known, n=1)
                hint = f"did you mean {close[0]}?" if close else "--list shows the configs"
                _fail(f"--config={file}: no such file; {hint}")


def _config_key(error: Exception, arguments: list[str]) -> str:
    unknown = re.search(r'Did you mean "([^"]+)" instead of "([^"]+)"', str(error))
    missing = re.search(r"'([^']+)'", str(error))
    key = unknown.group(2) if unknown else missing.group(1) if missing else None
    given = [a for a in arguments if key and a.startswith("--config.") and key in a.split("=")[0]]
    if isinstance(error, (AttributeError, KeyError)) and given:
        hint = f"; did you mean {unknown.group(1)!r}?" if unknown else ""
        return f"{given[0]}: the config has no key {key!r}{hint}"
    return str(error)


def _as_flag(message: str, arguments: list[str]) -> str:
    """Names a key that was given on the command line as it was given there."""
    given = [re.match(r"--(?:no)?config\.([^=]+)", argument) for argument in arguments]
    keys = [found.group(1) for found in given if found]
    named = any(re.match(rf"{re.escape(key)}[ =:]", message) for key in keys)
    return f"--config.{message}" if named else message


def _without_traceback(message: str) -> str:
    # What a config raises comes wrapped in the text of its traceback.
    before, traceback, after = message.partition("Traceback (most recent call last)")
    if not traceback:
        return message
    flag = before.partition(": ")[0].removeprefix("flag ")
    return f"{flag}: {after.strip().splitlines()[-1].partition(': ')[2]}"


def _fail(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)
