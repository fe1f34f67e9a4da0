import type { Rules } from '../kit/rules.ts'

export const outboxRules: Rules = {
  outbox_topic_shape: "r.topic ~ '^[a-z]{2,20}$'",
  outbox_audience_shape: "r.audience ~ '^[a-z]{2,20}:[!-~]{1,128}$'",
  outbox_subject_length: 'char_length(r.subject) between 1 and 200',
  outbox_type_shape: "r.type ~ '^[a-z][a-z_.]{1,59}$'",
  outbox_data_is_object: "jsonb_typeof(r.data) = 'object'",
}
