"""What is written of figures: records, tables, and the page of a run."""
