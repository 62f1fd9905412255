"""From settings to a store, with a sentence for whoever has none."""

from pydantic import ValidationError
from pydantic_settings import SettingsError

from .embedded.state import is_running
from .errors import StoreNotConfigured
from .s3_store import MinioStore
from .settings import StoreSettings, describe_invalid, environment_names_a_store, state_path
from .store import ObjectStore


def store_settings() -> StoreSettings:
    """Return the settings from the environment, else those of this machine's embedded store.

    Raises:
        StoreNotConfigured: neither says enough, or the embedded store does not run; the sentence says which.
    """
    noted = state_path()
    if not environment_names_a_store() and noted.exists() and not is_running(noted.parent):
        raise StoreNotConfigured(f"the embedded store in {noted.parent} is not running: run `carabin store start`")
    try:
        return StoreSettings()
    except (ValidationError, SettingsError) as error:
        missing, sentence = describe_invalid(error, StoreSettings)
        if missing is None:
            raise StoreNotConfigured(sentence) from error
        raise StoreNotConfigured(
            f"no object store is known: {sentence} and {noted} names no embedded store;"
            " set CARABIN_STORE_ENDPOINT, _ACCESS_KEY and _SECRET_KEY, or run `carabin store start`"
        ) from error


def connect(settings: StoreSettings | None = None) -> ObjectStore:
    """Return the store that `settings`, or else the environment or the embedded store's state file, name.

    No request is made yet: a store that is away is found by the first one.

    Raises:
        StoreNotConfigured: nothing says where the store is or who we are to it.
    """
    return MinioStore(settings or store_settings())
