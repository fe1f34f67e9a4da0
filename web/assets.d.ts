/** The build copies it beside the scripts; the import is its address. */
declare module 'world-atlas/land-110m.json' {
  const address: string
  export default address
}
