-- Of a whole source, the verifier looks at what was asked for last.
CREATE INDEX delivery_asked ON delivery (asked_ms);
