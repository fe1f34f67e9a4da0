alter table core.webhook_deliveries drop constraint webhook_deliveries_attempts_not_negative;

alter table core.webhook_deliveries add column tries integer default 0 not null;

alter table core.webhook_deliveries add constraint webhook_deliveries_attempts_not_negative check (attempts >= tries and tries >= 0 and replays >= 0);
