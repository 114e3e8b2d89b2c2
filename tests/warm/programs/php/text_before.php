Some text <?= 6 * 7 ?> and
<?php echo "more";
