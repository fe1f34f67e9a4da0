alter table fleet.calibrations add column applied_until timestamptz;
