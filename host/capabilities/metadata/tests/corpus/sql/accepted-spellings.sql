select s."Damage Level", t.cost from strikes@before-cleaning."2019.csv" s
join birds.strikes@v1."2019.csv" as t on s.species = t.species
where t.cost > 2 -- not "this"
order by 1 limit 10;