import { useEffect, useMemo } from 'preact/hooks'
import { type Reading, reading } from './reading.ts'

/** Every read of a component belongs to one of these, so that it ends when the component leaves the page. */
export function useReading(): Reading {
  const one = useMemo(reading, [])
  useEffect(() => () => one.end(), [])
  return one
}
