"""OpenTelemetry metrics: not offered yet."""

from lance_cpp._unsupported import not_yet


@not_yet("the native code exports no metrics")
def instrument_lance_metrics(meter_provider=None):
    """Registers Lance's metrics with a meter provider."""
