"""Generated documents: options, schema, Backstage entries, examples and tested combinations."""
