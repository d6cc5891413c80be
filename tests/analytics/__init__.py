"""The tests of the warehouse: loading, views, queries."""
