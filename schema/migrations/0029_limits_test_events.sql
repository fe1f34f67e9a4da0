alter table webhooks.webhooks add column tests_free_at timestamptz;
