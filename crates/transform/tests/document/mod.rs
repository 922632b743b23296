//! Documents for the tests, written by code: objects, and the table that says where they are.

/// A document in the making; its first two objects are the catalog and the list of pages.
#[derive(Default)]
pub struct Document {
    objects: Vec<Vec<u8>>,
    pages: Vec<usize>,
}

impl Document {
    /// One page of so many points, with these resources.
    pub fn page(size: (u32, u32), resources: &str, content: &str) -> Document {
        let mut document = Document::default();
        document.add_page(size, resources, content);
        document
    }

    /// Takes an object in, and says its number.
    pub fn add(&mut self, object: impl Into<Vec<u8>>) -> usize {
        self.objects.push(object.into());
        self.objects.len() + 2
    }

    /// A stream whose dictionary has these entries.
    pub fn add_stream(&mut self, entries: &str, data: &[u8]) -> usize {
        let head = format!("<<{entries} /Length {}>>\nstream\n", data.len());
        self.add([head.as_bytes(), data, b"\nendstream"].concat())
    }

    pub fn add_page(&mut self, size: (u32, u32), resources: &str, content: &str) {
        let content = self.add_stream("", content.as_bytes());
        self.add_page_with(size, &format!("/Resources <<{resources}>> /Contents {content} 0 R"));
    }

    /// A page with other entries than the usual.
    pub fn add_page_with(&mut self, (width, height): (u32, u32), entries: &str) {
        let page = format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] {entries}>>");
        let page = self.add(page);
        self.pages.push(page);
    }

    /// The number that the next object will have.
    pub fn next(&self) -> usize {
        self.objects.len() + 3
    }

    pub fn bytes(&self) -> Vec<u8> {
        let kids: String = self.pages.iter().map(|page| format!("{page} 0 R ")).collect();
        let first = [
            b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
            format!("<</Type /Pages /Kids [{kids}] /Count {}>>", self.pages.len()).into_bytes(),
        ];
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut table = "0000000000 65535 f \n".to_owned();
        for (index, object) in first.iter().chain(&self.objects).enumerate() {
            table.push_str(&format!("{:010} 00000 n \n", bytes.len()));
            bytes.extend(format!("{} 0 obj\n", index + 1).bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n");
        }
        let (start, count) = (bytes.len(), self.objects.len() + 3);
        let trailer = format!("trailer\n<</Size {count} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
        bytes.extend(format!("xref\n0 {count}\n{table}{trailer}").bytes());
        bytes
    }
}
