/** Loads the demo data into a database that has never held any; true if it did. */
export async function loadDemoData(_ownerUrl: string): Promise<boolean> {
  return false
}
