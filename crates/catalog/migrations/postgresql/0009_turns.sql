-- Among whom the queue is shared: its tenant, or else the door or the key that it came by.
ALTER TABLE purge ADD COLUMN whose TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE purge SET whose = coalesce(tenant, cause);
CREATE INDEX purge_turn ON purge (urgent, whose, due_ms, received_ms)
    WHERE state NOT IN ('done', 'unchanged', 'error', 'error_cdn', 'error_cdn_node', 'cancelled');

-- The same of what CDNs are to be told, in the order in which it is dealt.
ALTER TABLE cdn_wish ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cdn_wish ADD COLUMN whose TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX cdn_wish_turn ON cdn_wish (cdn, urgent, whose, due_ms, purge, number) WHERE batch IS NULL;

-- Calls are made in this order, whatever their number.
ALTER TABLE cdn_call ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0;
DROP INDEX cdn_call_open;
CREATE INDEX cdn_call_open ON cdn_call (cdn, state, urgent DESC, sequence) WHERE state IN ('planned', 'accepted');
