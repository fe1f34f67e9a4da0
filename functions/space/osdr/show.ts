import { sql } from 'drizzle-orm'

/** A dataset `d` as a list shows it. */
export const datasetColumns = sql`jsonb_build_object(
  'accession', d.dataset_id,
  'title', d.title,
  'description', d.description,
  'releaseDate', d.release_date,
  'organism', d.organism,
  'material', d.material,
  'project', d.project,
  'projectType', d.project_type,
  'mission', d.mission,
  'assayTypes', d.assay_types,
  'updatedAt', core.iso(d.updated_at)
)`
