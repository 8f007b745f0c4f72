"""Who gets seats on the cluster, in which order, and what a run that waits is told."""

from bottega_engine.service.admission.admission import Admission
from bottega_engine.service.admission.seats import Seats

__all__ = ["Admission", "Seats"]
