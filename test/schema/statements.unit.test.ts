import { expect, it } from 'vitest'
import { splitStatements } from '../../dev/migrations/statements.ts'

const texts = (file: string) => splitStatements(file).map(({ text }) => text)

it('a statement ends at its semicolon and keeps the line on which it starts', () => {
  expect(splitStatements('-- a comment; with one\n\nselect 1;\n\n/* two;\n lines */ select\n 2;\n')).toEqual([
    { text: 'select 1', line: 3 },
    { text: 'select\n 2', line: 6 },
  ])
})

it('the last statement needs no semicolon, and an empty one is none', () => {
  expect(texts(';;\nselect 1;\n;\nselect 2 -- done')).toEqual(['select 1', 'select 2 -- done'])
  expect(texts('-- nothing but a comment\n')).toEqual([])
})

it.each([
  `select ';', 'it''s; fine'`,
  String.raw`select e'\';', 'no escape \'`,
  `select 1 as "a;""b;"`,
  'select $$ ; $$, $body$ $$ ; $body$',
  'select 1 -- ;\n, 2',
  'select /* ; */ 1',
  'select $1',
])('a semicolon inside quotes and comments ends nothing: %s', (statement) => {
  expect(texts(`${statement};select 2`)).toEqual([statement, 'select 2'])
})

it('a carriage return ends a line and a comment, as in Postgres', () => {
  expect(splitStatements('-- a comment\rselect 1;\r\nselect 2;\r\rselect 3')).toEqual([
    { text: 'select 1', line: 2 },
    { text: 'select 2', line: 3 },
    { text: 'select 3', line: 5 },
  ])
})

it('a comment may hold comments, and what they hide is not run', () => {
  expect(
    texts('/* one /* two; */ drop table t; /* three /* four */ ; */ */ select 1; select /* ; /* ; */ ; */ 2'),
  ).toEqual(['select 1', 'select /* ; /* ; */ ; */ 2'])
  expect(texts('select 1 /* a * b / c **/, 2; select 3 /***/')).toEqual([
    'select 1 /* a * b / c **/, 2',
    'select 3 /***/',
  ])
})

it('a routine in SQL syntax is one statement, with the cases and blocks inside it', () => {
  const routine = `create or replace function f(a int) returns int
begin atomic
  select case when a > 0 then 1 else 2 end;
  select 2;
end`
  expect(texts(`${routine};\nselect 1`)).toEqual([routine, 'select 1'])
})

it('a begin outside a routine is a statement of its own', () => {
  expect(texts('begin; select 1; end;')).toEqual(['begin', 'select 1', 'end'])
})
