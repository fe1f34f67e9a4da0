/** A click by its id; its page explains it. */
export function ClickLink({ id }: { id: string }) {
  return (
    <a href={`/app/click/${id}`}>
      <code>{id}</code>
    </a>
  )
}
