import type { z } from 'zod'
import type { Picture as Answer } from '../../functions/space/nasa/contract.ts'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Day } from '../parts/value.tsx'

/** The picture is linked and not shown: this page loads nothing from another host. */
export function Picture() {
  const picture = useResource<z.infer<typeof Answer>>('/v1/space/apod', { every: 900 })
  return (
    <Panel
      title="Picture of the day"
      of={picture}
      size={3}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
    >
      {({ title, date, explanation, copyright, url, hdUrl }) => {
        const address = hdUrl ?? url
        return (
          <>
            <p>
              <strong>
                {address ? (
                  <a href={address} rel="noreferrer" target="_blank">
                    {title}
                  </a>
                ) : (
                  title
                )}
              </strong>
              , <Day iso={date} />
              {copyright !== null && `, © ${copyright}`}
            </p>
            {explanation !== null && <p class="explanation">{explanation}</p>}
            <p class="muted">The link opens a page of NASA; nothing is loaded from there before.</p>
          </>
        )
      }}
    </Panel>
  )
}
