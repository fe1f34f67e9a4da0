import { mediaTypes } from '../../../schema/space/states.ts'
import {
  dayIn,
  type Fields,
  fieldsOf,
  jsonOf,
  linkIn,
  Malformed,
  maybeTextIn,
  oneOf,
  type Parsed,
  parsing,
  textIn,
} from '../upstreams/lenient.ts'

export type Picture = {
  date: string
  title: string
  explanation: string | null
  mediaType: 'image' | 'video' | 'other'
  url: string | null
  hdUrl: string | null
  thumbnailUrl: string | null
  copyright: string | null
  raw: Fields
}

/** The answer for one day: its picture, or a message that there is none, which is null. */
export function parsePicture(body: string, day: string): Parsed<Picture | null> {
  return parsing(() => {
    if (saysNone(body)) return null
    const picture = pictureOf(fieldsOf(jsonOf(body), 'the picture'))
    if (picture.date !== day) throw new Malformed('date is not the requested day')
    return picture
  })
}

/** The link of a video may be an embedded player or a page. Only images have an `hdurl`. */
function pictureOf(raw: Fields): Picture {
  return {
    date: dayIn(raw, 'date'),
    title: textIn(raw, 'title'),
    explanation: maybeTextIn(raw, 'explanation'),
    mediaType: oneOf(textIn(raw, 'media_type'), mediaTypes, 'media_type'),
    url: linkIn(raw, 'url'),
    hdUrl: linkIn(raw, 'hdurl'),
    thumbnailUrl: linkIn(raw, 'thumbnail_url'),
    copyright: maybeTextIn(raw, 'copyright')?.replaceAll(/\s+/g, ' ') ?? null,
    raw,
  }
}

/** No picture is published for that day, or not yet. NASA's day is US Eastern, so early in the UTC day it has not begun. */
export function isNoPicture({ status, body }: { status: number; body: string }): boolean {
  return status === 404 && saysNone(body)
}

function saysNone(body: string): boolean {
  return body.includes('No data available for date')
}
