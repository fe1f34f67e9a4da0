import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { serverOf } from '../support/http.ts'

const readme = readFileSync(join(import.meta.dirname, '../../../functions/ledger/README.md'), 'utf8')
const script = /```sh\n(.*?)```/s.exec(readme)?.[1] ?? ''
const promised = [...readme.matchAll(/```json\n(.*?)```/gs)].map(([, answer]) => answer?.trim() ?? '')
const app = await freshWorker()

it('the tour of the README gives the answers that the README shows', async () => {
  const server = await serverOf(app, 10_001)
  const known: Record<string, string> = {}
  const filled = (text = '') => text.replaceAll(/\$(\w+)/g, (_, name) => known[name] ?? `$${name}`)
  const answers: string[] = []
  for (const line of script.split('\n')) {
    const [, name, path, body] = /^(?:(\w+)=\$\()?post (\S+) '(.*)'(?: \| id\))?$/.exec(line) ?? []
    const [, read] = /^get '?(\/[^']+)'?$/.exec(line) ?? []
    if (read === '/summary') await app.scheduled('* * * * *')
    if (path === undefined && read === undefined) continue
    const answer =
      read === undefined
        ? await server.post(filled(path), { body: JSON.parse(body ?? '') })
        : await server.get(filled(read))
    expect([200, 201], line).toContain(answer.status)
    if (name !== undefined) known[name] = String(answer.body['id'])
    answers.push(JSON.stringify(answer.body))
  }
  expect(answers).toHaveLength(8)
  const shown = answers.map((answer) => answer.replace(/"asOf":"[^"]+"/, '"asOf":"…"'))
  expect(promised).toHaveLength(2)
  expect(shown).toEqual(expect.arrayContaining(promised))
})
