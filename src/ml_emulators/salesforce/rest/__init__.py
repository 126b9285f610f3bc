"""The REST API: records, collections, composites, describe, replication, limits."""
