-- The 11 GICS sectors (structure of 2023, with their 74 industries) and 'unknown' for what is not classified yet.
-- One place holds them; the migration, every loader and organize_sectors_industries.py read it.

CREATE FUNCTION gics_sectors() RETURNS TABLE (name text, description text, industries jsonb)
LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (VALUES
        ('information_technology', 'Information Technology',
         '["Communications Equipment", "Electronic Equipment, Instruments & Components", "IT Services",
           "Semiconductors & Semiconductor Equipment", "Software",
           "Technology Hardware, Storage & Peripherals"]'::jsonb),
        ('health_care', 'Health Care',
         '["Biotechnology", "Health Care Equipment & Supplies", "Health Care Providers & Services",
           "Health Care Technology", "Life Sciences Tools & Services", "Pharmaceuticals"]'::jsonb),
        ('financials', 'Financials',
         '["Banks", "Capital Markets", "Consumer Finance", "Financial Services", "Insurance",
           "Mortgage Real Estate Investment Trusts (REITs)"]'::jsonb),
        ('consumer_discretionary', 'Consumer Discretionary',
         '["Automobile Components", "Automobiles", "Broadline Retail", "Distributors",
           "Diversified Consumer Services", "Hotels, Restaurants & Leisure", "Household Durables",
           "Leisure Products", "Specialty Retail", "Textiles, Apparel & Luxury Goods"]'::jsonb),
        ('communication_services', 'Communication Services',
         '["Diversified Telecommunication Services", "Entertainment", "Interactive Media & Services", "Media",
           "Wireless Telecommunication Services"]'::jsonb),
        ('industrials', 'Industrials',
         '["Aerospace & Defense", "Air Freight & Logistics", "Building Products", "Commercial Services & Supplies",
           "Construction & Engineering", "Electrical Equipment", "Ground Transportation",
           "Industrial Conglomerates", "Machinery", "Marine Transportation", "Passenger Airlines",
           "Professional Services", "Trading Companies & Distributors", "Transportation Infrastructure"]'::jsonb),
        ('consumer_staples', 'Consumer Staples',
         '["Beverages", "Consumer Staples Distribution & Retail", "Food Products", "Household Products",
           "Personal Care Products", "Tobacco"]'::jsonb),
        ('energy', 'Energy',
         '["Energy Equipment & Services", "Oil, Gas & Consumable Fuels"]'::jsonb),
        ('utilities', 'Utilities',
         '["Electric Utilities", "Gas Utilities", "Independent Power and Renewable Electricity Producers",
           "Multi-Utilities", "Water Utilities"]'::jsonb),
        ('real_estate', 'Real Estate',
         '["Diversified REITs", "Health Care REITs", "Hotel & Resort REITs", "Industrial REITs", "Office REITs",
           "Real Estate Management & Development", "Residential REITs", "Retail REITs",
           "Specialized REITs"]'::jsonb),
        ('materials', 'Materials',
         '["Chemicals", "Construction Materials", "Containers & Packaging", "Metals & Mining",
           "Paper & Forest Products"]'::jsonb),
        ('unknown', 'Unclassified Stocks', '["Unknown"]'::jsonb)
    ) AS sectors (name, description, industries)
$$;

-- The sector groups that an environment lacks. A new environment gets them with its first load.
CREATE FUNCTION create_sector_groups(wanted_environment text) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO definition_groups (name, type, description, metadata, environment)
    SELECT s.name, 'SECTOR', s.description, jsonb_build_object('source', 'gics', 'industries', s.industries),
           wanted_environment
      FROM gics_sectors() s
     WHERE NOT EXISTS (SELECT FROM definition_groups g
                        WHERE g.name = s.name AND g.type = 'SECTOR' AND g.environment = wanted_environment)
     ORDER BY s.name
$$;

DO $$
BEGIN
    INSERT INTO load_runs (kind, type, environment, mode) VALUES ('load', 'SECTOR', 'DEFAULT', 'migration');
    PERFORM create_sector_groups('DEFAULT');
END
$$;
