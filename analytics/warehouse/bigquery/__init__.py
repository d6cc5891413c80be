"""The cloud's warehouse: two BigQuery datasets, of which one is filled by the log sink."""
