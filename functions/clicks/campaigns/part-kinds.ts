export type PartKind = 'offers' | 'landingPages'

export const partTables: Readonly<Record<PartKind, string>> = {
  offers: 'clicks.campaign_offers',
  landingPages: 'clicks.landing_pages',
}
