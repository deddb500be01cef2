-- What is in the data set: Debian packages with a text embedding each, written by the reference implementation.
SELECT section, count(*) AS packages, round(avg(installed_kib)) AS mean_kib
FROM 'testdata/demo/packages.lance' GROUP BY section ORDER BY packages DESC LIMIT 5;

-- The ten nearest neighbours of a search phrase, computed from the embeddings.
SET VARIABLE phrase = (SELECT embedding FROM 'testdata/demo/queries.parquet' WHERE text = 'network packet analysis');
SELECT package, left(description, 60) AS about, round(_distance, 3) AS distance
FROM lance_vector_search('testdata/demo/packages.lance', 'embedding',
                         getvariable('phrase'), k => 10)
ORDER BY _distance;

-- The same with a filter applied before the search, joined with the first version of the table.
SET VARIABLE phrase = (SELECT embedding FROM 'testdata/demo/queries.parquet' WHERE text = 'fonts for japanese text');
SELECT n.package, n.section, round(n._distance, 3) AS distance, old.package IS NOT NULL AS in_version_1
FROM lance_vector_search('testdata/demo/packages.lance', 'embedding',
                         getvariable('phrase'), k => 5,
                         filter => 'section = ''fonts''', prefilter => true) n
LEFT JOIN lance_scan('testdata/demo/packages.lance', version => 1) old USING (package)
ORDER BY n._distance;
