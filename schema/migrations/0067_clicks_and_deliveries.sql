revoke select, insert, update (id), delete on table clicks.events from lockstep_app;

create table clicks.parked_events (
  id uuid primary key,
  click_id uuid not null,
  campaign_id bigint,
  event_type text not null,
  event_data jsonb not null,
  due_at timestamptz default now() + interval '1 minute' not null,
  created_at timestamptz default now() not null
);

grant select, insert, update (id, event_data), delete on table clicks.events to lockstep_app;

grant select, insert, update, delete on table clicks.parked_events to lockstep_app;
