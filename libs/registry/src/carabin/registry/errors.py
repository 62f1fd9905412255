"""What can go wrong between us and the object store, and the root of every package's own error tree.

CarabinError             anything that Carabin raises on purpose: its text is one clear sentence for a person
* RegistryError
  x StoreError
    + StoreUnavailable     it cannot be used now, though the key may be right; trying later may help
      - StoreUnreachable   no answer, or a failing one
      - ClockSkewed        this machine's clock and the store's are too far apart
    + AccessDenied         wrong credentials, or a policy says no
    + BucketMissing
    + ObjectMissing
    + PreconditionFailed   a conditional write lost: the object is there already, or is another than expected
    + ConditionsIgnored    the store accepts conditional writes and ignores them
    + StoreNotConfigured   no endpoint or key is known, and no embedded store runs here
  x EmbeddedStoreFailed    the embedded store did not start or stop
    + PortInUse
  x DiskFailed             the local disk refused a file: full, read-only or not ours
  x ManifestInvalid        the manifest cannot be read by this release
  x ProvenanceInvalid      a signing key cannot be read
    + SignatureRefused     a version is not signed by a key that is trusted
  x UnsafePath             a name would leave its folder
  x VersionMissing
  x BackupMissing          the folder holds nothing of the model that is asked for
  x PromotionRefused       this may not happen as asked
    + PromotionLost        somebody else promoted first
    + StalePromotion       production is not what the operator expected
    + Regression           the metrics get worse, and nobody accepted that
    + RolloutTaken         another process carries a rollout on
  x PromotionUnfinished    recorded, and not yet in force: the store failed half-way
"""


class CarabinError(Exception):
    """Root of every error raised on purpose: its text says what is wrong, with what, and what to do."""


class RegistryError(CarabinError):
    """Base of everything the registry raises on purpose."""


class StoreError(RegistryError):
    """The object store did not do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be used now, though the key may be right: the same request may succeed later."""


class StoreUnreachable(StoreUnavailable):
    """The store gave no answer or a server error."""


class ClockSkewed(StoreUnavailable):
    """The store refuses requests that are signed with this machine's time; that passes once its clock is right."""


class AccessDenied(StoreError):
    """The credentials are wrong or may not do this."""


class BucketMissing(StoreError):
    """The bucket does not exist."""


class ObjectMissing(StoreError):
    """The object does not exist."""


class PreconditionFailed(StoreError):
    """A conditional write found the object already there, or changed since it was read."""


class ConditionsIgnored(StoreError):
    """The store ignores `If-None-Match`; promotions on it could overwrite each other."""


class StoreNotConfigured(StoreError):
    """Nothing says where the store is or who we are to it."""


class EmbeddedStoreFailed(RegistryError):
    """The embedded store did not start or stop; the sentence says where its log is."""


class PortInUse(EmbeddedStoreFailed):
    """Another program listens on a port that the embedded store needs."""


class DiskFailed(RegistryError):
    """The local disk refused a file: it is full, read-only or not ours."""


class ManifestInvalid(RegistryError):
    """A manifest is not JSON, lacks fields or has a newer schema."""


class ProvenanceInvalid(RegistryError):
    """A key that signs or verifies cannot be read."""


class SignatureRefused(ProvenanceInvalid):
    """A version is unsigned, signed by an unknown key, or was changed after it was signed."""


class UnsafePath(RegistryError):
    """A file name is absolute, empty or climbs out of its folder."""


class VersionMissing(RegistryError):
    """No manifest makes this version visible."""


class BackupMissing(RegistryError):
    """The folder holds no backup of this model."""


class PromotionRefused(RegistryError):
    """A promotion, a rollback or a stage may not be as asked; nothing changed."""


class PromotionLost(PromotionRefused):
    """Another promotion took the number; its record names the winner."""


class StalePromotion(PromotionRefused):
    """The version in production is not the one that the operator expected."""


class Regression(PromotionRefused):
    """The new version's metrics are worse than production's; the sentence says which, and by how much."""


class RolloutTaken(PromotionRefused):
    """Another process carries a rollout of this model on."""


class PromotionUnfinished(RegistryError):
    """The promotion is in the log and its tags are not all set; the sentence says how to finish it."""
