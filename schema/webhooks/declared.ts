import { type Declared, grants, sqlIndex } from '../kit/declare.ts'

const everything = ['select', 'insert', 'update', 'delete']

export const declared: Declared[] = [
  grants({ on: 'schema webhooks', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table webhooks.webhooks', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table webhooks.webhook_deliveries', to: 'lockstep_app', privileges: everything }),
  grants({ on: 'table webhooks.webhook_attempts', to: 'lockstep_app', privileges: everything }),
  sqlIndex({
    name: 'idx_webhooks_slot',
    table: 'webhooks.webhooks',
    unique: true,
    columns: ['owner', 'slot'],
    where: 'removed_at is null',
    serves: 'an owner has a bounded number of webhooks; GET /v1/webhooks',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_event',
    table: 'webhooks.webhook_deliveries',
    unique: true,
    columns: ['webhook_id', 'event_id'],
    serves: 'an event is queued for a webhook once; replay from an event',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_due',
    table: 'webhooks.webhook_deliveries',
    columns: ['webhook_id', 'due_at', 'id'],
    where: "state = 'waiting'",
    serves: 'what a sender takes next',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_expiry',
    table: 'webhooks.webhook_deliveries',
    columns: ['webhook_id', 'give_up_at'],
    where: "state = 'waiting'",
    serves: 'the deliveries whose three days are over',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_subject',
    table: 'webhooks.webhook_deliveries',
    columns: ['webhook_id', 'subject', 'id'],
    where: "state = 'waiting'",
    serves: 'whether an earlier event of the subject still waits',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_list',
    table: 'webhooks.webhook_deliveries',
    columns: ['webhook_id', 'state', 'id desc'],
    serves: 'GET /v1/webhooks/{id}/deliveries',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_about',
    table: 'webhooks.webhook_deliveries',
    columns: ['subject', 'id desc'],
    serves: 'the timeline of a thing',
  }),
  sqlIndex({
    // A BRIN range never narrows: new deliveries in the place of removed ones make it match every old time.
    name: 'idx_webhook_deliveries_created',
    table: 'webhooks.webhook_deliveries',
    columns: ['created_at'],
    serves: 'the removal of deliveries past their time',
  }),
]
