/*
 * The parts that most pages use, so that the build puts them into one file: a page is then loaded with few requests. Parts
 * that draw charts and maps are not here, because only some pages load them.
 */
/* oxlint-disable import/no-unassigned-import */
import './action.ts'
import './announce.tsx'
import './badge.tsx'
import './button.tsx'
import './clock.ts'
import './copy.tsx'
import './first.tsx'
import './form.tsx'
import './list.tsx'
import './measured.tsx'
import './numbers.ts'
import './panel.tsx'
import './resource.ts'
import './route.ts'
import './session.ts'
import './stream.ts'
import './table.tsx'
import './times.ts'
import './use-window.ts'
import './value.tsx'
import './when-seen.tsx'
