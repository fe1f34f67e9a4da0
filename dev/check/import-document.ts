import { importTable, type Row } from './import-table.ts'

/** Renders the table for ARCHITECTURE.md; a test compares the two. */
export function importTableAsMarkdown(table: Row[] = importTable): string {
  const rows = table.map(
    ({ file, may }) =>
      `| \`${file}\` | ${may.includes('**') ? 'anything' : may.map(asCode).join(' ') || 'nothing'} |`,
  )
  return ['| file | may import |', '|---|---|', ...rows].join('\n')
}

function asCode(pattern: string): string {
  return `\`${pattern}\``
}
