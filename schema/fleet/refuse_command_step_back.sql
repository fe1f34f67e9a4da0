-- A command only moves up, whoever writes: a late acknowledgement cannot revive a command that has ended.
create or replace function fleet.refuse_command_step_back() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = '23514',
    constraint = 'commands_only_move_up',
    message = format('the command is %s and cannot become %s', old.state, new.state);
end
$$;
