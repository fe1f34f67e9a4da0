alter table dispatch.orders drop constraint orders_lost_claims_not_negative;

alter table dispatch.orders drop column lost_claims;
